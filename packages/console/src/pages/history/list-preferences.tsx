import CollectionPreferences, {
  type CollectionPreferencesProps,
} from '@cloudscape-design/components/collection-preferences';
import FormField from '@cloudscape-design/components/form-field';
import Textarea from '@cloudscape-design/components/textarea';
import { SEARCH_FIELDS } from '../../api/search-language.ts';
import { usePreferences } from '../../base/preferences.ts';
import { fieldNamed, labelOf } from './fields.ts';
import { type HistoryPreferences, historyPreferences, PAGE_SIZES } from './saved.ts';
import { DEFAULT_COLUMNS } from './state.ts';

interface ListPreferencesProps {
  readonly columns: readonly string[];
  readonly preferences: HistoryPreferences;
  /** Paths that events on the page have values at. */
  readonly paths: readonly string[];
  readonly onColumns: (columns: readonly string[]) => void;
}

/** Columns and their order, page size, density, wrapping. Any path into the record may be a column. */
export function ListPreferences({ columns, preferences, paths, onColumns }: ListPreferencesProps) {
  const [{ density }, prefer] = usePreferences();
  const offered = [...new Set([...columns, ...SEARCH_FIELDS.map(({ name }) => name), ...paths])];
  const confirm = (chosen: CollectionPreferencesProps.Preferences<string>) => {
    prefer({ density: chosen.contentDensity ?? 'comfortable' });
    historyPreferences.set({ pageSize: chosen.pageSize ?? preferences.pageSize, wrapLines: chosen.wrapLines ?? false });
    const shown = (chosen.contentDisplay ?? []).filter(({ visible }) => visible).map(({ id }) => id);
    onColumns([...new Set([...shown, ...namedIn(chosen.custom ?? '')])]);
  };
  return (
    <CollectionPreferences
      title="List preferences"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={{
        pageSize: preferences.pageSize,
        wrapLines: preferences.wrapLines,
        contentDensity: density,
        contentDisplay: offered.map((id) => ({ id, visible: columns.includes(id) })),
        custom: '',
      }}
      onConfirm={({ detail }) => confirm(detail)}
      pageSizePreference={{ options: PAGE_SIZES.map((value) => ({ value, label: `${value} events` })) }}
      wrapLinesPreference={{}}
      contentDensityPreference={{}}
      contentDisplayPreference={{
        title: 'Columns',
        enableColumnFiltering: true,
        options: offered.map((id) => ({ id, label: labelOf(id), alwaysVisible: id === DEFAULT_COLUMNS[0] })),
      }}
      customPreference={(text, setText) => <OtherColumns text={text ?? ''} onChange={setText} />}
    />
  );
}

function OtherColumns({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const unknown = linesOf(text).find((line) => fieldNamed(line) === undefined);
  return (
    <FormField
      label="Add other columns"
      description="Paths into the record, one a line: requestParameters.bucketName"
      {...(unknown !== undefined && { errorText: `${unknown} is no field and no path: it will be left out.` })}
    >
      <Textarea value={text} rows={2} spellcheck={false} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');
const namedIn = (text: string): readonly string[] => linesOf(text).flatMap((line) => fieldNamed(line) ?? []);
