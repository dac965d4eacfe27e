//! The parameters of the instrument in use. On the thread of HTTP.

use crate::{
    profile::Param,
    remote::http::{
        ask::{Asking, or_missing},
        reply::{ActionResult, Done, HttpError, JsonBody},
    },
    status::ParamsStatus,
};
use axum::{Json, extract::Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A parameter.
#[derive(Serialize, ToSchema)]
pub(super) struct ParamRow {
    /// Its name in commands.
    name: String,
    /// Its label in its section.
    label: String,
    /// The title of its section.
    section: String,
    /// Its value, `lo` to `hi`.
    value: u16,
    /// The value as shown on the screen.
    shown: String,
    /// Its position, 0 to 1.
    #[schema(minimum = 0.0, maximum = 1.0)]
    position: f64,
    /// Lowest value.
    lo: u16,
    /// Highest value.
    hi: u16,
    /// Its options; empty if it is continuous.
    options: Vec<String>,
}

impl ParamRow {
    fn of(params: &ParamsStatus, index: usize) -> Option<ParamRow> {
        let param: &Param = params.profile.params.get(index)?;
        let value = params.values.get(index).copied().unwrap_or(param.default);
        Some(ParamRow {
            name: param.name.clone(),
            label: param.label.clone(),
            section: params.profile.sections.get(param.section).cloned().unwrap_or_default(),
            value,
            shown: param.display(value),
            position: param.position_of(value),
            lo: param.lo,
            hi: param.hi,
            options: param.options.iter().map(|option| option.label.clone()).collect(),
        })
    }
}

/// The new value of a parameter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ParamBody {
    /// A position from 0 to 1, or an option.
    value: ParamValue,
}

/// A value of a parameter.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "a value is a number from 0 to 1, or an option")]
pub(super) enum ParamValue {
    /// From 0 to 1.
    Position(f64),
    /// One of its options.
    Option(String),
}

fn missing(name: &str) -> HttpError {
    HttpError::missing(format!("unknown parameter '{name}'; /api/params lists all"))
}

/// Lists the parameters, in the order of the screen.
#[utoipa::path(get, path = "/api/params", tag = "knobs",
    responses((status = 200, description = "Each.", body = Vec<ParamRow>)))]
pub(super) async fn params(asking: Asking) -> Json<Vec<ParamRow>> {
    let params = &asking.status().params;
    Json((0..params.profile.params.len()).filter_map(|index| ParamRow::of(params, index)).collect())
}

/// Returns one parameter.
#[utoipa::path(get, path = "/api/params/{name}", tag = "knobs",
    params(("name" = String, Path, description = "The parameter's name in commands.", example = "filter_cutoff")),
    responses((status = 200, description = "The parameter.", body = ParamRow)))]
pub(super) async fn param(asking: Asking, Path(name): Path<String>) -> Result<Json<ParamRow>, HttpError> {
    let params = &asking.status().params;
    let row = params.profile.param_index(&name).and_then(|index| ParamRow::of(params, index));
    row.map(Json).ok_or_else(|| missing(&name))
}

/// Sets a parameter.
#[utoipa::path(put, path = "/api/params/{name}", operation_id = "turn_param", tag = "knobs", request_body = ParamBody,
    params(("name" = String, Path, description = "The parameter's name in commands.", example = "filter_cutoff")),
    responses((status = 200, description = "Set.", body = Done)))]
pub(super) async fn turn(
    asking: Asking,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ParamBody>,
) -> ActionResult {
    let value = match body.value {
        ParamValue::Position(position) => position.to_string(),
        ParamValue::Option(option) => option,
    };
    let profile = &asking.status().params.profile;
    let param = profile.param_index(&name).and_then(|index| profile.params.get(index)).ok_or_else(|| missing(&name))?;
    param.parse(&value).map_err(HttpError::malformed)?;
    // Another profile may be in use by now.
    or_missing(asking.ask("param.set", &[&name, &value]).await, || {
        asking.status().params.profile.param_index(&name).is_some()
    })
}
