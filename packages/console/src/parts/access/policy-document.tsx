import Box from '@cloudscape-design/components/box';
import { useMemo } from 'react';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';

/** A policy, to be read. What is no JSON is shown as the text that it is. */
export function PolicyDocument({ text, label }: { readonly text: string; readonly label: string }) {
  const value = useMemo(() => parsed(text), [text]);
  return value === undefined ? <Box variant="pre">{text}</Box> : <JsonTree value={value} label={label} />;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
