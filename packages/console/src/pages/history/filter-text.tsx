import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Textarea from '@cloudscape-design/components/textarea';
import { useEffect, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { parseSearchFilter } from '../../api/search-language.ts';

interface FilterTextProps {
  readonly filter: string;
  readonly onChange: (filter: string) => void;
  /** Back to conditions; undefined where they cannot show the filter. */
  readonly onConditions?: () => void;
}

/** The filter in the search language. Enter applies it; what cannot be read says why and where. */
export function FilterText({ filter, onChange, onConditions }: FilterTextProps) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const error = errorOf(text);
  const apply = () => {
    if (error === undefined) onChange(text.trim());
  };
  return (
    <FormField
      label="Filter in the search language"
      stretch
      {...(error !== undefined && { errorText: error })}
      constraintText={
        onConditions
          ? 'Enter applies it.'
          : 'This filter is nested too deeply to be shown as conditions. Enter applies it.'
      }
      secondaryControl={
        <span className="history-filter-actions">
          <Button variant="primary" onClick={apply} disabled={error !== undefined || text.trim() === filter}>
            Apply
          </Button>
          {onConditions ? (
            <Button onClick={onConditions}>Edit as conditions</Button>
          ) : (
            <Button onClick={() => onChange('')}>Clear filters</Button>
          )}
        </span>
      }
    >
      <Textarea
        value={text}
        rows={2}
        spellcheck={false}
        placeholder="eventName = DeleteBucket and (userName != bob or errorCode ^ Access)"
        onChange={({ detail }) => setText(detail.value)}
        onKeyDown={(event) => {
          if (event.detail.key !== 'Enter' || event.detail.shiftKey) return;
          event.preventDefault();
          apply();
        }}
      />
    </FormField>
  );
}

function errorOf(text: string): string | undefined {
  try {
    parseSearchFilter(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
