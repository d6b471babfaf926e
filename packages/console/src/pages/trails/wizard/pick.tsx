import Autosuggest from '@cloudscape-design/components/autosuggest';
import { isDenied, messageOf } from '../../../api/error.ts';
import { useCall } from '../../../hooks/use-call.ts';

interface PickProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** For screen readers and messages: `buckets`. */
  readonly what: string;
  readonly placeholder: string;
  readonly load: (signal: AbortSignal) => Promise<readonly PickOption[]>;
  /** What the list depends on. */
  readonly of?: string;
  readonly invalid?: boolean;
}

export interface PickOption {
  readonly value: string;
  readonly label?: string;
  readonly description?: string;
}

/** A resource chosen from those that can be listed; where they cannot, its name is typed. */
export function Pick({ value, onChange, what, placeholder, load, of = '', invalid = false }: PickProps) {
  const options = useCall(load, [of]);
  const problem =
    options.error && (isDenied(options.error) ? `You may not list ${what}: type the name.` : messageOf(options.error));
  return (
    <Autosuggest
      value={value}
      onChange={({ detail }) => onChange(detail.value)}
      options={(options.data ?? []).map((option) => ({ ...option }))}
      statusType={options.error ? 'error' : options.loading ? 'loading' : 'finished'}
      loadingText={`Listing ${what}`}
      errorText={problem}
      recoveryText="Try again"
      onLoadItems={() => options.error && options.reload()}
      enteredTextLabel={(entered) => `Use ${entered}`}
      placeholder={placeholder}
      empty={`No ${what}`}
      ariaLabel={placeholder}
      invalid={invalid}
    />
  );
}

export const asOptions = (values: readonly string[]): readonly PickOption[] => values.map((value) => ({ value }));
