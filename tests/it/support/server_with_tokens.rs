//! A server with tokens.

use super::city;
use super::http::Server;
use super::register::token;
use serde_json::Value;
use std::collections::BTreeMap;
use walkshed::server::ServerOptions;
use walkshed_register::Role;

/// A server with a token for every role.
pub struct ServerWithTokens {
    pub server: Server,
    pub tokens: BTreeMap<Role, String>,
    pub folder: tempfile::TempDir,
}

impl ServerWithTokens {
    pub fn over(folder: tempfile::TempDir, options: ServerOptions) -> Self {
        let tokens = Role::ALL.iter().map(|&role| (role, token(folder.path(), role))).collect();
        Self { server: Server::start(folder.path(), options), tokens, folder }
    }

    pub fn small() -> Self {
        Self::over(city::folder(), ServerOptions::default())
    }

    pub fn ask(&self, role: Role, query: &str, variables: &Value) -> Value {
        self.server.query_as(&self.tokens[&role], query, variables)
    }

    /// Sends a request as an editor and returns its data. Panics if it fails.
    pub fn edit(&self, query: &str, variables: &Value) -> Value {
        let reply = self.ask(Role::Editor, query, variables);
        assert_eq!(reply.get("errors"), None, "{query} {variables}: {reply}");
        reply["data"].clone()
    }
}
