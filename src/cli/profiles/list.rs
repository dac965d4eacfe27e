//! `busker profiles list`: the ids for `--profile` and `profile.use`.

use super::{
    super::{Outcome, print},
    columns,
};
use crate::profile::Library;

/// Prints a line for each profile: id, name, maker, number of parameters, file.
///
/// # Errors
/// The output cannot be written.
pub(super) fn list(library: &Library) -> Outcome {
    let rows = library.ids().filter_map(|id| library.get(id)).map(|profile| {
        let from = library.file_of(&profile.id).unwrap_or("built-in");
        [
            profile.id.clone(),
            profile.name.clone(),
            profile.maker.clone(),
            profile.params.len().to_string(),
            from.to_owned(),
        ]
    });
    let head = ["id", "name", "maker", "parameters", "from"].map(str::to_owned);
    print(&columns(&[head].into_iter().chain(rows).collect::<Vec<_>>()))
}
