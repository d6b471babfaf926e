import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMemo } from 'react';
import { useSession } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { accountIn, type Trail } from '../../parts/trails/trail.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { getSelectors } from './calls.ts';
import { CapturePreview } from './capture-preview.tsx';
import { type SelectorsAnswer, selectorLines, selectorsInput, selectorsOf } from './logic/selectors.ts';

/** What the trail logs: in words, as JSON, and what that came to over the last day. */
export function SelectorsTab({ trail }: { readonly trail: Trail }) {
  const answer = useCall((signal) => getSelectors(trail, signal), [trail]);
  return (
    <Loaded call={answer} failed="The selectors could not be loaded">
      {(loaded) => <Shown trail={trail} answer={loaded} />}
    </Loaded>
  );
}

function Shown({ trail, answer }: { readonly trail: Trail; readonly answer: SelectorsAnswer }) {
  const { AccountId } = useSession();
  const selectors = useMemo(() => selectorsOf(answer), [answer]);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">What is logged</Header>}>
        <ul className="ot-lines">
          {selectorLines(selectors).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <details className="ot-json">
          <summary>As JSON</summary>
          <pre>{JSON.stringify(Object.values(selectorsInput(selectors))[0], null, 2)}</pre>
        </details>
      </Container>
      <CapturePreview
        selectors={selectors}
        homeRegion={trail.HomeRegion}
        isMultiRegion={trail.IsMultiRegionTrail === true}
        includeGlobal={trail.IncludeGlobalServiceEvents !== false}
        // A member account sees its own part of its organization's trail.
        isOrganization={trail.IsOrganizationTrail === true && accountIn(trail.TrailARN) === AccountId}
      />
    </SpaceBetween>
  );
}
