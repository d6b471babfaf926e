/** What S3's answers name in `Server`, as AWS's name AmazonS3: such a server can be asked for many objects at once. */
export const SERVER_NAME = 'OpenTrail';

/** How OpenTrail's own commands, and what it sends elsewhere, name themselves in `User-Agent`, and so in records. */
export const CLIENT_NAME = 'opentrail';
