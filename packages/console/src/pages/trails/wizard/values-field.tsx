import Textarea from '@cloudscape-design/components/textarea';

interface ValuesFieldProps {
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
  readonly label: string;
  readonly placeholder?: string;
}

/** As many lines are shown as there are values, up to this. */
const ROWS_MAX = 8;

/** Values, one a line. A line that is being begun is a value without text; CloudTrail is not told of it. */
export function ValuesField({ values, onChange, label, placeholder }: ValuesFieldProps) {
  return (
    <Textarea
      ariaLabel={label}
      value={values.join('\n')}
      rows={Math.min(ROWS_MAX, Math.max(1, values.length))}
      onChange={({ detail }) => onChange(detail.value === '' ? [] : detail.value.split('\n'))}
      placeholder={placeholder}
      spellcheck={false}
    />
  );
}
