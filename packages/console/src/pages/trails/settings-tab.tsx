import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { logGroupName, logsFolder, type Trail } from '../../parts/trails/trail.ts';
import { CopyText } from '../../ui/copy-text.tsx';

const yes = (value: boolean | undefined): string => (value ? 'Yes' : 'No');
const copied = (text: string | undefined, label: string) => (text ? <CopyText text={text} label={label} /> : 'None');

/** How the trail is set. */
export function SettingsTab({ trail }: { readonly trail: Trail }) {
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">General</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Regions', value: trail.IsMultiRegionTrail ? 'All Regions' : trail.HomeRegion },
            { label: 'Home Region', value: trail.HomeRegion },
            { label: 'Organization trail', value: yes(trail.IsOrganizationTrail) },
            { label: 'Events of global services', value: yes(trail.IncludeGlobalServiceEvents) },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Storage</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Bucket', value: copied(trail.S3BucketName, 'bucket name') },
            { label: 'Folder', value: copied(logsFolder(trail), 'folder') },
            { label: 'Log file validation', value: trail.LogFileValidationEnabled ? 'Enabled' : 'Disabled' },
            {
              label: 'Encryption',
              value: trail.KmsKeyId ? (
                <CopyText text={trail.KmsKeyId} label="key ARN" />
              ) : (
                'That of the bucket (no KMS key)'
              ),
            },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Notifications and CloudWatch Logs</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'SNS topic', value: copied(trail.SnsTopicARN, 'topic ARN') },
            {
              label: 'Log group',
              value: trail.CloudWatchLogsLogGroupArn ? logGroupName(trail.CloudWatchLogsLogGroupArn) : 'None',
            },
            { label: 'Role', value: copied(trail.CloudWatchLogsRoleArn, 'role ARN') },
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}
