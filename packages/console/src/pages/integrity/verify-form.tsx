import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import type { Call } from '../../hooks/use-call.ts';
import type { Trail } from '../../parts/trails/trail.ts';
import type { Range } from '../../ui/range.ts';
import { RangePicker } from '../../ui/range-picker.tsx';

interface VerifyFormProps {
  readonly trails: Call<readonly Trail[]>;
  readonly arn: string;
  readonly range: Range;
  readonly isRunning: boolean;
  readonly onTrail: (arn: string) => void;
  readonly onRange: (range: Range) => void;
  readonly onRun: () => void;
  readonly onCancel: () => void;
}

/** Which trail, of which time. */
export function VerifyForm({ trails, arn, range, isRunning, onTrail, onRange, onRun, onCancel }: VerifyFormProps) {
  const options = (trails.data ?? []).map(({ Name, TrailARN, LogFileValidationEnabled }) => ({
    value: TrailARN,
    label: Name,
    description: TrailARN,
    ...(!LogFileValidationEnabled && { labelTag: 'no validation' }),
  }));
  const chosen = options.find(({ value }) => value === arn);
  return (
    <div className="ot-verify-form">
      <FormField label="Trail" stretch>
        <Select
          selectedOption={chosen ?? null}
          options={options}
          placeholder={trails.loading ? 'Loading trails' : 'Choose a trail'}
          statusType={trails.error ? 'error' : trails.loading ? 'loading' : 'finished'}
          loadingText="Loading trails"
          errorText="Trails could not be loaded"
          recoveryText="Try again"
          onLoadItems={() => trails.error && trails.reload()}
          empty="No trails"
          filteringType={options.length > 8 ? 'auto' : 'none'}
          disabled={isRunning}
          onChange={({ detail }) => onTrail(detail.selectedOption.value ?? '')}
        />
      </FormField>
      <FormField label="Time range" stretch>
        <RangePicker range={range} onChange={onRange} />
      </FormField>
      <Button
        variant={isRunning ? 'normal' : 'primary'}
        disabled={!chosen && !isRunning}
        onClick={isRunning ? onCancel : onRun}
      >
        {isRunning ? 'Cancel' : 'Verify'}
      </Button>
    </div>
  );
}
