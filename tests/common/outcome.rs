//! The result of a run of the program.

use super::program::busker;
use std::path::Path;

/// Exit code, standard output, standard error.
pub fn run(home: &Path, args: &[&str]) -> (i32, String, String) {
    let output = busker(home, args).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    (output.status.code().unwrap(), out, err)
}

/// The standard output of a run that must succeed without messages: no progress bar is drawn without a terminal.
pub fn done(home: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(home, args);
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
    out
}
