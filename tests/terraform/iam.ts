import { expect } from 'vitest';
import { aws } from '../support/clients.ts';
import type { Part } from './part.ts';

const configuration = (action: string) => `
resource "aws_iam_user" "reader" {
  name          = "reader"
  path          = "/auditors/"
  force_destroy = true
  tags          = { team = "audit" }
}
resource "aws_iam_access_key" "reader" { user = aws_iam_user.reader.name }
resource "aws_iam_user_login_profile" "reader" {
  user = aws_iam_user.reader.name
}
resource "aws_iam_group" "auditors" { name = "auditors" }
resource "aws_iam_user_group_membership" "reader" {
  user   = aws_iam_user.reader.name
  groups = [aws_iam_group.auditors.name]
}
resource "aws_iam_policy" "read" {
  name        = "read-trails"
  description = "reads"
  policy      = data.aws_iam_policy_document.read.json
  tags        = { a = "b" }
}
data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["${action}", "cloudtrail:Get*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.reader.arn]
    }
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_group_policy_attachment" "auditors" {
  group      = aws_iam_group.auditors.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_user_policy_attachment" "reader" {
  user       = aws_iam_user.reader.name
  policy_arn = "arn:aws:iam::aws:policy/IAMUserChangePassword"
}
resource "aws_iam_user_policy" "reader" {
  user   = aws_iam_user.reader.name
  name   = "inline"
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_iam_role" "app" {
  name                 = "app"
  path                 = "/apps/"
  description          = "of the test"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.read.arn
  max_session_duration = 7200
  tags                 = { app = "x" }
}
resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_instance_profile" "app" {
  name = "app"
  role = aws_iam_role.app.name
}
resource "aws_iam_service_linked_role" "trail" { aws_service_name = "cloudtrail.amazonaws.com" }
resource "aws_iam_account_alias" "alias" { account_alias = "tf-trail" }
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length = 20
  require_symbols         = true
}
resource "aws_iam_openid_connect_provider" "idp" {
  url             = "https://idp.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["${'a'.repeat(40)}"]
}
data "aws_iam_principal_policy_simulation" "app" {
  action_names      = ["cloudtrail:GetTrail"]
  policy_source_arn = aws_iam_role.app.arn
  depends_on        = [aws_iam_role_policy.app]
}
output "allowed" { value = data.aws_iam_principal_policy_simulation.app.all_allowed }
`;

/** Users, groups, roles, policies and what joins them. */
export const iam: Part = {
  name: 'iam',
  configuration: (changed) => configuration(changed ? 'cloudtrail:Describe*' : 'cloudtrail:LookupEvents'),
  async changed({ server }, { allowed }) {
    expect(allowed).toBe(true);
    const { Policy } = await aws<{ Policy: { DefaultVersionId: string } }>(
      server.env,
      'iam',
      'get-policy',
      '--policy-arn',
      'arn:aws:iam::123456789012:policy/read-trails',
    );
    expect(Policy.DefaultVersionId).toBe('v2');
  },
  async destroyed({ server }) {
    const { SummaryMap } = await aws<{ SummaryMap: Record<string, number> }>(server.env, 'iam', 'get-account-summary');
    expect(SummaryMap).toMatchObject({ Users: 1, Groups: 0, Roles: 0, Policies: 0, InstanceProfiles: 0, Providers: 0 });
  },
};
