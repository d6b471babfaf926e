import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { Dialog } from '../../app/dialog.tsx';
import { useStore } from '../../base/store.ts';
import { NAME_CHARS_MAX, SAVED_MAX, savedSearches, without, withSaved } from './saved.ts';

interface SavedSearchesProps {
  /** What the address says now. */
  readonly params: string;
  readonly onOpen: (params: string) => void;
}

/** Searches by name, kept in this browser. */
export function SavedSearches({ params, onOpen }: SavedSearchesProps) {
  const all = useStore(savedSearches);
  const [isNaming, setNaming] = useState(false);
  const current = all.find((saved) => saved.params === params);
  const onClick = (id: string) => {
    if (id === 'save') setNaming(true);
    else if (id === 'delete' && current) savedSearches.set(without(all, current.name));
    else if (id.startsWith('open-')) onOpen(all[Number(id.slice('open-'.length))]!.params);
  };
  return (
    <>
      <ButtonDropdown
        expandToViewport
        onItemClick={({ detail }) => onClick(detail.id)}
        items={[
          ...all.map(({ name }, i) => ({
            id: `open-${i}`,
            text: name,
            ...(name === current?.name && { iconName: 'check' as const }),
          })),
          {
            text: all.length === 0 ? 'No saved searches yet' : 'This search',
            items: [
              { id: 'save', text: 'Save this search' },
              ...(current ? [{ id: 'delete', text: `Delete "${current.name}"` }] : []),
            ],
          },
        ]}
      >
        Saved searches
      </ButtonDropdown>
      {isNaming && (
        <NameDialog
          taken={all.map(({ name }) => name)}
          onClose={() => setNaming(false)}
          onSave={(name) => savedSearches.set(withSaved(all, { name, params }))}
        />
      )}
    </>
  );
}

interface NameDialogProps {
  readonly taken: readonly string[];
  readonly onSave: (name: string) => void;
  readonly onClose: () => void;
}

function NameDialog({ taken, onSave, onClose }: NameDialogProps) {
  const [text, setText] = useState('');
  const name = text.trim();
  const isTaken = taken.includes(name);
  const save = () => {
    if (name === '') throw new Error('Give the search a name.');
    if (name.length > NAME_CHARS_MAX) throw new Error(`A name may have ${NAME_CHARS_MAX} characters.`);
    if (!isTaken && taken.length >= SAVED_MAX)
      throw new Error(`${SAVED_MAX} searches are saved already: delete one first.`);
    onSave(name);
  };
  return (
    <Dialog title="Save this search" submitText={isTaken ? 'Replace' : 'Save'} onSubmit={save} onClose={onClose}>
      <FormField
        label="Name"
        description="Filter, time range, accounts, Regions, columns and order are kept in this browser."
        {...(isTaken && { warningText: 'There is a search by this name: it is replaced.' })}
      >
        <Input value={text} onChange={({ detail }) => setText(detail.value)} autoFocus />
      </FormField>
    </Dialog>
  );
}
