//! The description of the interface, made of the functions that answer. On the thread of HTTP.

use super::{commands, params, playback, record, snapshots, state, takes};
use crate::{remote::http::reply::NotDone, status::Event};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        self, ContentBuilder, Ref, ResponseBuilder,
        path::{Operation, PathItem},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(title = "busker", description = "A performance station over HTTP. What is done is a command of the table; \
        `/api/events` is a WebSocket that tells what happens."),
    servers((url = "/")),
    paths(
        commands::command, commands::commands, state::status, state::devices, state::profiles, takes::takes,
        takes::take, record::start, record::stop, record::tracks, record::start_track, record::stop_track,
        playback::play, playback::stop, playback::position, params::params, params::param, params::turn,
        snapshots::snapshots, snapshots::save, snapshots::recall, snapshots::delete,
    ),
    components(schemas(NotDone, Event)),
    modifiers(&Refusals)
)]
struct Description;

/// The refusals that every resource of a kind may answer with.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, api: &mut openapi::OpenApi) {
        for (path, PathItem { get, put, post, delete, .. }) in &mut api.paths.paths {
            let is_named = path.contains('{');
            get.iter_mut().for_each(|operation| refuse(operation, false, is_named));
            [put, post, delete].into_iter().flatten().for_each(|operation| refuse(operation, true, is_named));
        }
    }
}

fn refuse(operation: &mut Operation, does_something: bool, is_named: bool) {
    let has_body = operation.request_body.is_some();
    let refusals = [
        (true, "400", "It makes no sense, or is out of range."),
        (true, "401", "The token is missing or wrong."),
        (true, "403", "It comes from a page from elsewhere, or under a name that is not this machine's."),
        (is_named, "404", "There is no such thing."),
        (has_body, "408", "The body took too long to arrive."),
        (does_something, "409", "The station refuses: the sentence says why."),
        (has_body, "413", "The body is too long."),
        (has_body, "415", "The body is no JSON."),
        (true, "429", "Too much came at once."),
        (true, "503", "The station has too much to do, or has ended."),
    ];
    for (_, status, why) in refusals.into_iter().filter(|(applies, ..)| *applies) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(NotDone::name()))).build();
        let response = ResponseBuilder::new().description(why).content("application/json", content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
    }
}

static TEXT: LazyLock<String> = LazyLock::new(|| {
    Description::openapi().to_json().unwrap_or_else(|error| {
        tracing::warn!(%error, "the interface cannot be described");
        "{}".to_owned()
    })
});

/// The description.
pub(super) async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
