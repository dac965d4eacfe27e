//! The OpenAPI description, made of the functions that answer. On the thread of HTTP.

use super::{commands, params, playback, record, snapshots, state, takes};
use crate::{
    remote::http::{Hall, guard::COOKIE_NAME, reply::ErrorBody},
    status::Event,
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::{Arc, LazyLock};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        self, ContentBuilder, Ref, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(title = "busker", description = "A performance station over HTTP. Every action is a command of the table; the WebSocket `/api/events` sends events."),
    servers((url = "/")),
    paths(
        commands::command, commands::commands, state::status, state::devices, state::profiles, takes::takes,
        takes::take, record::start, record::stop, record::tracks, record::start_track, record::stop_track,
        playback::play, playback::stop, playback::position, params::params, params::param, params::turn,
        snapshots::snapshots, snapshots::save, snapshots::recall, snapshots::delete,
    ),
    components(schemas(ErrorBody, Event)),
    modifiers(&Refusals, &Tokens)
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

/// The token, in both forms.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, api: &mut openapi::OpenApi) {
        let why = "The token of the address that busker printed. Not needed when HTTP listens on this machine only.";
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(why)).build();
        let cookie =
            ApiKeyValue::with_description(COOKIE_NAME, "The same token, which `/?token=…` stores in a browser.");
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let needs = |name: &str| SecurityRequirement::new(name, [""; 0]);
        api.security = Some(vec![needs("token"), needs("cookie")]);
    }
}

fn refuse(operation: &mut Operation, does_something: bool, is_named: bool) {
    let has_body = operation.request_body.is_some();
    let refusals = [
        (true, "400", "Malformed or out of range."),
        (true, "401", "The token is missing or wrong."),
        (true, "403", "From a page of another site, or under a host name that is not this machine's."),
        (is_named, "404", "Not found."),
        (has_body, "408", "The body did not arrive in time."),
        (does_something, "409", "The station refuses; the text says why."),
        (has_body, "413", "The body is too long."),
        (has_body, "415", "The body is not JSON."),
        (true, "429", "Too many requests at once."),
        (true, "503", "The station is overloaded or has ended."),
    ];
    for (_, status, why) in refusals.into_iter().filter(|(applies, ..)| *applies) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
        let response = ResponseBuilder::new().description(why).content("application/json", content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
    }
}

/// The description with a token, and without one.
static TEXTS: [LazyLock<String>; 2] = [LazyLock::new(|| text(true)), LazyLock::new(|| text(false))];

fn text(needs_token: bool) -> String {
    let mut api = Description::openapi();
    if !needs_token {
        api.security.get_or_insert_default().push(SecurityRequirement::default());
    }
    api.to_json().unwrap_or_else(|error| {
        tracing::warn!(%error, "the interface cannot be described");
        "{}".to_owned()
    })
}

/// The description.
pub(super) async fn description(State(hall): State<Arc<Hall>>) -> Response {
    let [with_token, without] = &TEXTS;
    let text = if hall.guard.needs_token() { with_token } else { without };
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}
