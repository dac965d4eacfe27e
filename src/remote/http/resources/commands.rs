//! Commands: the table, and any of its rows. On the thread of HTTP.

use crate::{
    command::{COMMANDS, Command, CommandSpec},
    remote::http::{
        ask::Asking,
        reply::{ActionResult, Done, HttpError, JsonBody},
    },
};
use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A command of the table, in one of two forms.
#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a command is {\"command\": text} or {\"name\": text, \"args\": [...]}"
)]
pub(super) enum CommandBody {
    /// One line, as in a script.
    Line {
        /// Name and arguments, like `record.start jam`.
        #[schema(max_length = 32768, example = "param.set filter_cutoff 0.8")]
        command: String,
    },
    /// Name and arguments.
    Words {
        /// Its name.
        #[schema(max_length = 200, example = "param.set")]
        name: String,
        /// Its arguments, in order.
        #[serde(default)]
        #[schema(max_items = 100, example = json!(["filter_cutoff", 0.8]))]
        args: Vec<Word>,
    },
}

/// An argument.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "an argument is a string, a number or a boolean")]
pub(super) enum Word {
    /// Text, as in a script.
    Text(String),
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
}

impl Word {
    fn text(self) -> String {
        match self {
            Word::Text(text) => text,
            Word::Number(number) => number.to_string(),
            Word::Switch(on) => if on { "on" } else { "off" }.to_owned(),
        }
    }
}

/// A row of the table.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandRow {
    /// The name, like `record.start`.
    name: &'static str,
    /// Name and arguments.
    usage: String,
    /// A line of help.
    help: &'static str,
    /// Its arguments, in order.
    args: Vec<ArgRow>,
}

/// An argument of a row.
#[derive(Serialize, ToSchema)]
struct ArgRow {
    /// Its name, in one word.
    name: &'static str,
    /// Allowed values.
    kind: String,
    /// Whether it may be left out.
    optional: bool,
}

impl CommandRow {
    fn of(row: &CommandSpec) -> CommandRow {
        let args = row.args.iter();
        let args = args.map(|arg| ArgRow { name: arg.name, kind: arg.kind.to_string(), optional: arg.optional });
        CommandRow { name: row.name, usage: row.usage(), help: row.help, args: args.collect() }
    }
}

/// Runs a command.
#[utoipa::path(post, path = "/api/command", operation_id = "do_command", request_body = CommandBody, tag = "commands",
    responses((status = 200, description = "Done.", body = Done)))]
pub(super) async fn command(asking: Asking, JsonBody(body): JsonBody<CommandBody>) -> ActionResult {
    match body {
        CommandBody::Line { command } => asking.obey(command.parse::<Command>().map_err(HttpError::malformed)?).await,
        CommandBody::Words { name, args } => {
            let words: Vec<String> = args.into_iter().map(Word::text).collect();
            asking.ask(&name, &words.iter().map(String::as_str).collect::<Vec<_>>()).await
        }
    }
}

/// The table of commands.
#[utoipa::path(get, path = "/api/commands", tag = "commands",
    responses((status = 200, description = "All commands.", body = Vec<CommandRow>)))]
pub(super) async fn commands() -> Json<Vec<CommandRow>> {
    Json(COMMANDS.iter().map(CommandRow::of).collect())
}
