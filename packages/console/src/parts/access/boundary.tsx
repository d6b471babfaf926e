import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { ManagedPolicy } from './policies.tsx';

/** The most that any of the policies can allow. */
export function Boundary({ arn }: { readonly arn: string }) {
  return (
    <Container
      header={
        <Header variant="h2" description="What it does not allow, no policy can.">
          Permissions boundary
        </Header>
      }
    >
      <ManagedPolicy policy={{ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }} />
    </Container>
  );
}
