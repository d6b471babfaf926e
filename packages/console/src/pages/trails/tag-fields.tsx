import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';
import type { Tag } from '../../parts/trails/trail.ts';

/** AWS's quota. */
const TAGS_MAX = 50;

interface TagFieldsProps {
  readonly tags: readonly Tag[];
  readonly onChange: (tags: readonly Tag[]) => void;
}

export function TagFields({ tags, onChange }: TagFieldsProps) {
  const change = (index: number, patch: Partial<Tag>) =>
    onChange(tags.map((tag, i) => (i === index ? { ...tag, ...patch } : tag)));
  return (
    <AttributeEditor
      items={[...tags]}
      empty="No tags"
      addButtonText="Add tag"
      removeButtonText="Remove"
      disableAddButton={tags.length >= TAGS_MAX}
      onAddButtonClick={() => onChange([...tags, { Key: '', Value: '' }])}
      onRemoveButtonClick={({ detail }) => onChange(tags.filter((_, i) => i !== detail.itemIndex))}
      definition={[
        {
          label: 'Key',
          control: ({ Key }, i) => <Input value={Key} onChange={({ detail }) => change(i, { Key: detail.value })} />,
        },
        {
          label: 'Value',
          control: ({ Value = '' }, i) => (
            <Input value={Value} onChange={({ detail }) => change(i, { Value: detail.value })} />
          ),
        },
      ]}
    />
  );
}
