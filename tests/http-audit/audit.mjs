// Runs the public GraphQL-over-HTTP audit suite against a running server: node audit.mjs http://127.0.0.1:8080/graphql
// Every audit must pass: MUST, SHOULD and MAY. Fewer audits than KNOWN mean that the suite did not run completely.
import { auditServer } from 'graphql-http';

const KNOWN = 61;
const url = process.argv[2];
if (!url) {
  console.error('usage: node audit.mjs URL');
  process.exit(2);
}
const results = await auditServer({ url });
const failed = results.filter((result) => result.status !== 'ok');
for (const { status, id, name, reason } of failed) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length - failed.length} of ${results.length} audits pass`);
process.exit(failed.length === 0 && results.length >= KNOWN ? 0 : 1);
