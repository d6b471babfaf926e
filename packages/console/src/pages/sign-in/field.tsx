import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly missing: boolean;
  readonly autoComplete: string;
  readonly type?: 'text' | 'password';
  readonly hint?: string;
}

export function Field({ label, hint, missing, autoComplete, type = 'text', name, value, onChange }: FieldProps) {
  return (
    <FormField label={label} description={hint} errorText={missing ? 'Fill this in.' : undefined}>
      <Input
        type={type}
        name={name}
        value={value}
        autoComplete={autoComplete}
        spellcheck={false}
        onChange={({ detail }) => onChange(detail.value)}
      />
    </FormField>
  );
}
