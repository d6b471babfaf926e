import Multiselect from '@cloudscape-design/components/multiselect';
import { memo, useMemo } from 'react';
import type { Session } from '../../api/session.ts';
import { accountText } from '../../ui/format.ts';

interface ScopePickerProps {
  readonly session: Session;
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly onChange: (scope: { readonly accounts?: readonly string[]; readonly regions?: readonly string[] }) => void;
}

/** Which accounts and Regions: all that the person may see, unless some are chosen. */
export const ScopePicker = memo(function ScopePicker({ session, accounts, regions, onChange }: ScopePickerProps) {
  const accountOptions = useMemo(
    () =>
      (session.Accounts ?? []).map(({ AccountId, Alias }) => ({
        value: AccountId,
        label: accountText(AccountId),
        ...(Alias !== undefined && { description: Alias }),
      })),
    [session.Accounts],
  );
  const regionOptions = useMemo(() => session.Regions.map((value) => ({ value, label: value })), [session.Regions]);
  return (
    <>
      {accountOptions.length > 1 && (
        <Choice
          name="accounts"
          options={accountOptions}
          chosen={accounts}
          labelOf={accountText}
          onChange={(chosen) => onChange({ accounts: chosen })}
        />
      )}
      <Choice
        name="Regions"
        options={regionOptions}
        chosen={regions}
        labelOf={(region) => region}
        onChange={(chosen) => onChange({ regions: chosen })}
      />
    </>
  );
});

interface ChoiceProps {
  /** What there are many of. */
  readonly name: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly chosen: readonly string[];
  readonly labelOf: (value: string) => string;
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Beyond this many options a list needs a search of its own. */
const SEARCH_FROM = 8;

function Choice({ name, options, chosen, labelOf, onChange }: ChoiceProps) {
  return (
    <div className="history-choice">
      <Multiselect
        options={options}
        selectedOptions={chosen.map((value) => ({ value, label: labelOf(value) }))}
        onChange={({ detail }) => onChange(detail.selectedOptions.flatMap(({ value }) => value ?? []))}
        placeholder={`All ${name}`}
        ariaLabel={name === 'accounts' ? 'Accounts' : name}
        filteringType={options.length >= SEARCH_FROM ? 'auto' : 'none'}
        filteringAriaLabel={`Find ${name}`}
        inlineTokens
        keepOpen
        expandToViewport
        selectedAriaLabel="Chosen"
      />
    </div>
  );
}
