import FormField from '@cloudscape-design/components/form-field';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import { type Preferences, usePreferences } from '../base/preferences.ts';
import { Dialog } from './dialog.tsx';

type Choice<K extends keyof Preferences> = readonly {
  readonly value: Preferences[K] & string;
  readonly label: string;
}[];

const THEMES: Choice<'theme'> = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];
const TIMES: Choice<'times'> = [
  { value: 'local', label: 'Local time' },
  { value: 'utc', label: 'UTC' },
];
const DENSITIES: Choice<'density'> = [
  { value: 'comfortable', label: 'Comfortable' },
  { value: 'compact', label: 'Compact' },
];

export default function PreferencesDialog({ onClose }: { readonly onClose: () => void }) {
  const [saved, save] = usePreferences();
  const [chosen, setChosen] = useState(saved);
  const choose = (patch: Partial<Preferences>) => setChosen({ ...chosen, ...patch });
  return (
    <Dialog title="Preferences" submitText="Save" onClose={onClose} onSubmit={() => save(chosen)}>
      <FormField label="Theme">
        <RadioGroup
          items={THEMES}
          value={chosen.theme}
          onChange={({ detail }) => choose({ theme: detail.value as Preferences['theme'] })}
        />
      </FormField>
      <FormField label="Times">
        <RadioGroup
          items={TIMES}
          value={chosen.times}
          onChange={({ detail }) => choose({ times: detail.value as Preferences['times'] })}
        />
      </FormField>
      <FormField label="Density">
        <RadioGroup
          items={DENSITIES}
          value={chosen.density}
          onChange={({ detail }) => choose({ density: detail.value as Preferences['density'] })}
        />
      </FormField>
      <Toggle checked={chosen.shortcuts} onChange={({ detail }) => choose({ shortcuts: detail.checked })}>
        Keyboard shortcuts (? lists them)
      </Toggle>
    </Dialog>
  );
}
