import { expect, test } from 'vitest';
import { loadSchema } from '../../schema/load.ts';
import { contextOf } from '../cloudtrail/testing/harness.ts';
import { cloudTrailDataService } from './index.ts';

const service = cloudTrailDataService({ schema: loadSchema('cloudtrail-data') });
const channelArn = 'arn:aws:cloudtrail:us-east-1:123456789012:channel/12345678-1234-1234-1234-123456789012';
const event = (id: string) => ({ id, eventData: '{}' });
const put = (input: object) => service.operations.PutAuditEvents!(contextOf('PutAuditEvents'), input);

test.each([
  [{ channelArn, auditEvents: [event('a')] }, 'ChannelNotFound'],
  [{ channelArn, auditEvents: Array.from({ length: 100 }, (_, i) => event(`e-${i}`)) }, 'ChannelNotFound'],
  [{ channelArn: '12345678-1234-1234-1234-123456789012', auditEvents: [event('a')] }, 'ChannelNotFound'],
  [{ channelArn, externalId: 'partner:1', auditEvents: [event('a')] }, 'ChannelNotFound'],
  [{ auditEvents: [event('a')] }, 'InvalidChannelARN'],
  [{ channelArn: 'channel', auditEvents: [event('a')] }, 'InvalidChannelARN'],
  [{ channelArn: channelArn.replace('channel/', 'trail/'), auditEvents: [event('a')] }, 'InvalidChannelARN'],
  [{ channelArn, auditEvents: [event('a'), event('a')] }, 'DuplicatedAuditEventId'],
  [{ channelArn, auditEvents: [] }, 'ValidationException'],
  [{ channelArn, auditEvents: Array.from({ length: 101 }, (_, i) => event(`e-${i}`)) }, 'ValidationException'],
  [{ channelArn, auditEvents: [event('a b')] }, 'ValidationException'],
  [{ channelArn, auditEvents: [{ id: 'a' }] }, 'ValidationException'],
  [{ channelArn, externalId: 'x', auditEvents: [event('a')] }, 'ValidationException'],
])('PutAuditEvents of %j: %s', async (input, code) => {
  await expect(put(input)).rejects.toMatchObject({ code, status: 400 });
});
