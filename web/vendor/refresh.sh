#!/bin/sh
# Fetches the playground's files from npm and packs them as they lie here. Needs npm; run it only to change a version.
set -eu
graphiql=3.8.3
react=18.3.1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "graphiql@$graphiql" "react@$react" "react-dom@$react" >/dev/null
for name in "graphiql-$graphiql" "react-$react" "react-dom-$react"; do
    mkdir "$name" && tar xzf "$name.tgz" -C "$name" --strip-components=1
done
# Source maps are not shipped, so nobody should look for them.
sed 's|//# sourceMappingURL=.*||' "graphiql-$graphiql/graphiql.min.js" | gzip -9n >"$here/graphiql.min.js.gz"
sed 's|/\*# sourceMappingURL=.*\*/||' "graphiql-$graphiql/graphiql.min.css" | gzip -9n >"$here/graphiql.min.css.gz"
gzip -9nc "react-$react/umd/react.production.min.js" >"$here/react.production.min.js.gz"
gzip -9nc "react-dom-$react/umd/react-dom.production.min.js" >"$here/react-dom.production.min.js.gz"
cp "graphiql-$graphiql/LICENSE" "$here/LICENSE-graphiql"
cp "react-$react/LICENSE" "$here/LICENSE-react"
cd "$here" && sha256sum ./*.gz >SHA256SUMS
