//! Paths of busker's files on this machine: the XDG folders, and the music folder.

use crate::{files::read_plain, profile::Places};
use etcetera::base_strategy::{BaseStrategy, Xdg};
use std::path::{Path, PathBuf};

/// Maximum bytes read from `user-dirs.dirs`.
const USER_DIRS_BYTES_MAX: u64 = 64 * 1024;

/// The folders of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Settings, profiles, themes and keymaps: `$XDG_CONFIG_HOME/busker`.
    pub config: PathBuf,
    /// The log: `$XDG_STATE_HOME/busker`.
    pub state: PathBuf,
    /// Files that can be made again at any time: `$XDG_CACHE_HOME/busker`.
    pub cache: PathBuf,
    /// The default folder for recordings: the music folder.
    pub music: PathBuf,
}

impl Folders {
    /// This user's folders; without a home folder, everything is under the current folder.
    pub fn of_user() -> Folders {
        match Xdg::new() {
            Ok(xdg) => Folders {
                config: xdg.config_dir().join("busker"),
                state: xdg.state_dir().unwrap_or_else(|| xdg.home_dir().join(".local/state")).join("busker"),
                cache: xdg.cache_dir().join("busker"),
                music: music_folder(xdg.home_dir(), &xdg.config_dir()),
            },
            Err(_) => Folders {
                config: ".busker".into(),
                state: ".busker".into(),
                cache: ".busker".into(),
                music: ".".into(),
            },
        }
    }

    /// The settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.yaml")
    }

    /// The file of the MIDI maps.
    pub fn learned_file(&self) -> PathBuf {
        self.config.join("learned.yaml")
    }

    /// The library of snapshots.
    pub fn snapshots_file(&self) -> PathBuf {
        self.config.join("snapshots.yaml")
    }

    /// Measured round trips.
    pub fn latencies_file(&self) -> PathBuf {
        self.config.join("latencies.yaml")
    }

    /// The user's own profiles.
    pub fn profiles(&self) -> PathBuf {
        self.config.join("profiles")
    }

    /// Paths of the user's own profiles.
    pub fn profile_places(&self) -> Places {
        Places {
            folder: Some(self.profiles()),
            settings: Some(self.settings_file()),
            known: Some(self.cache.join("profiles.json")),
        }
    }

    /// The cache of measurements of takes.
    pub fn verdicts(&self) -> PathBuf {
        self.cache.join("verdicts")
    }

    /// The file of the HTTP token.
    pub fn http_token_file(&self) -> PathBuf {
        self.state.join("http-token")
    }

    /// The log file.
    pub fn log_file(&self) -> PathBuf {
        self.state.join("busker.log")
    }
}

/// The home folder, `~`; `None` if there is none.
pub fn home_folder() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

/// The absolute path of a setting, which begins with `/`, or with `~/` for `home`. `None` if it is relative: a setting
/// must not depend on the folder busker was started in.
pub fn whole_path(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    };
    path.is_absolute().then_some(path)
}

/// `XDG_MUSIC_DIR`, from the environment or `user-dirs.dirs`; else `~/Music`.
fn music_folder(home: &Path, config: &Path) -> PathBuf {
    let named = std::env::var("XDG_MUSIC_DIR").ok().or_else(|| {
        let file = read_plain(&config.join("user-dirs.dirs"), USER_DIRS_BYTES_MAX).ok()?;
        let file = String::from_utf8(file).ok()?;
        let value = file.lines().find_map(|line| line.trim().strip_prefix("XDG_MUSIC_DIR="))?;
        Some(value.trim_matches('"').to_owned())
    });
    let whole = |named: String| match named.strip_prefix("$HOME") {
        Some(rest) => Some(home.join(rest.trim_start_matches('/'))),
        None => whole_path(&named, Some(home)),
    };
    named.and_then(whole).unwrap_or_else(|| home.join("Music"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_setting_is_whole_from_the_root_or_from_home() {
        let home = Path::new("/home/ada");
        for (text, path) in [
            ("/srv/jams", Some("/srv/jams")),
            ("~", Some("/home/ada")),
            ("~/jams", Some("/home/ada/jams")),
            ("~//jams", Some("/home/ada/jams")),
            ("~bob/jams", None),
            ("jams", None),
            ("./jams", None),
            ("", None),
        ] {
            assert_eq!(whole_path(text, Some(home)), path.map(PathBuf::from), "{text}");
        }
        assert_eq!(whole_path("~/jams", None), None, "without a home nothing is below it");
    }
}
