//! Profiles that were edited while the station plays: each instrument takes the changes of its own. The control
//! thread's.
//!
//! The files were read on another thread (`engine/profile_watch.rs`). Nothing is sent to the synths: the parameters
//! keep their values, and the next change of one is sent by the new profile.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    engine::midi::scheduler::What,
    midi::{Channel, held},
    profile::{Library, Profile, SHORT_KEY},
    status::{Event, Severity},
    yaml::Fault,
};
use std::{mem, sync::Arc};

/// Faults reported one by one; the message line has room for one at a time.
const FAULTS_TOLD_MAX: usize = 8;
/// Profiles that no instrument uses, reported one by one.
const READ_TOLD_MAX: usize = 3;

/// All profiles, read again after an edit.
pub struct ProfileNews {
    /// The sound ones, and for those with faults the version read before.
    pub library: Library,
    /// The faults of the edited files.
    pub faults: Vec<Fault>,
    /// The files that had faults and have none now.
    pub mended: Vec<String>,
}

/// Whether two libraries have the same under an id. A profile that was read again without a change is mostly the same
/// in memory.
fn same(a: Option<&Arc<Profile>>, b: Option<&Arc<Profile>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        (a, b) => a.is_none() && b.is_none(),
    }
}

impl Instruments {
    /// Takes the profiles that were read again.
    pub fn look_at_profiles(&mut self, out: &mut Out, now: Moment) {
        let news: Vec<ProfileNews> = self.news.iter().flat_map(|news| news.try_iter()).collect();
        for news in news {
            self.take_profiles(news, out, now);
        }
    }

    fn take_profiles(&mut self, ProfileNews { library, faults, mended }: ProfileNews, out: &mut Out, now: Moment) {
        let old = mem::replace(&mut self.library, library);
        if !old.ids().eq(self.library.ids()) {
            self.profile_ids = self.library.ids().map(str::to_owned).collect();
            out.tell(Event::ProfilesRead { ids: self.profile_ids.to_vec() });
        }
        let is_read = |id: &&str| self.library.file_of(id).is_some() && !same(old.get(id), self.library.get(id));
        let read: Vec<String> = self.library.ids().filter(is_read).map(str::to_owned).collect();
        self.take_read(&old, &read, out, now);
        for id in old.ids() {
            if let Some(file) = old.file_of(id).filter(|_| self.library.file_of(id).is_none()) {
                self.tell_gone(id, file, out);
            }
        }
        // After the user corrects a mistake there is a notice even where the profile is as it was before.
        let is_told = |file: &str| read.iter().any(|id| self.library.file_of(id) == Some(file));
        for file in mended.iter().filter(|file| !is_told(file)) {
            out.notice(Severity::Info, format!("{file} no longer has faults"));
        }
        self.tell_faults(&faults, out);
    }

    /// Renews the instruments of these profiles, and reports them.
    fn take_read(&mut self, old: &Library, read: &[String], out: &mut Out, now: Moment) {
        let mut untold = 0;
        for (id, told) in read.iter().zip(0..) {
            let Some(profile) = self.library.get(id).cloned() else { continue };
            let file = self.library.file_of(id).unwrap_or_default().to_owned();
            let users: Vec<usize> = (0..self.list.len()).filter(|at| self.uses(*at, id)).collect();
            let is_used = !users.is_empty();
            let mut undo_stays = true;
            for at in users {
                undo_stays &= self.renew(at, &profile, out, now);
            }
            if !is_used && told >= READ_TOLD_MAX {
                untold += 1;
                continue;
            }
            let again = if old.file_of(id) == Some(&file) { " again" } else { "" };
            let then = match (is_used, old.get(id)) {
                (true, _) if undo_stays => String::new(),
                (true, _) => ": its parameters changed, so earlier moves cannot be undone".to_owned(),
                (false, None) => format!(": profile.use {id} selects it"),
                (false, Some(_)) => String::new(),
            };
            out.notice(Severity::Info, format!("{id} was loaded{again} from {file}{then}"));
        }
        if untold > 0 {
            out.notice(Severity::Info, format!("and {untold} more were loaded"));
        }
    }

    fn uses(&self, at: usize, id: &str) -> bool {
        self.list.get(at).is_some_and(|instrument| instrument.profile.id == id)
    }

    /// Gives an instrument another version of its profile; false where its list of parameters is another one. Notes and
    /// modulation go on.
    fn renew(&mut self, at: usize, profile: &Arc<Profile>, out: &mut Out, now: Moment) -> bool {
        if same(Some(&self.list[at].base), Some(profile)) {
            return true;
        }
        if !self.list[at].keeps_its_places(profile) {
            self.stop_morph(at, out, now);
        }
        let instrument = &self.list[at];
        let (before, values, channel) =
            (Arc::clone(&instrument.profile), out.model.knobs(at).to_vec(), instrument.channel());
        let is_same_list = self.take_version(at, Arc::clone(profile), out);
        let profile = Arc::clone(&self.list[at].profile);
        self.leave_channel(at, channel, out, now);
        for (index, param) in profile.params.iter().enumerate() {
            let stood = before.param_index(&param.name).and_then(|index| values.get(index));
            if stood.is_some_and(|stood| *stood != out.model.knob(at, index)) {
                self.tell_value(at, index, out);
            }
            // A glide is on its way to the end of the old range.
            self.send_on_its_way(at, index, out, now);
        }
        is_same_list
    }

    /// An instrument was on this channel: where it is on another one now, its notes are ended on the old one.
    pub fn leave_channel(&mut self, at: usize, channel: Channel, out: &mut Out, now: Moment) {
        let instrument = &self.list[at];
        let Some(port) = instrument.port.filter(|_| instrument.channel() != channel) else { return };
        for end in held::ends_of(channel) {
            out.send(port, now.ns, What::Message(end));
        }
    }

    /// Reports a profile whose file, or whose entry in the settings, is gone.
    fn tell_gone(&self, id: &str, file: &str, out: &Out) {
        let is_used = (0..self.list.len()).any(|at| self.uses(at, id));
        let (severity, then) = match (is_used, self.library.get(id)) {
            (true, None) => (Severity::Warning, ": its knobs stay until profile.use selects another".to_owned()),
            (true, Some(_)) => {
                (Severity::Warning, format!(": its knobs stay until profile.use {id} selects the built-in profile"))
            }
            (false, None) => (Severity::Info, String::new()),
            (false, Some(_)) => (Severity::Info, ": the built-in profile is used again".to_owned()),
        };
        out.notice(severity, format!("{id} is no longer in {file}{then}"));
    }

    fn tell_faults(&self, faults: &[Fault], out: &Out) {
        let (told, rest) = faults.split_at(faults.len().min(FAULTS_TOLD_MAX));
        for fault in told {
            let stays = self.library.has_file(&fault.file);
            let then = if stays { "the version loaded before stays" } else { "the profile is ignored" };
            out.notice(Severity::Error, format!("{fault}; {then}"));
        }
        if let [first, ..] = rest {
            let is_of_first = |fault: &Fault| fault.file == first.file && !fault.path.starts_with(SHORT_KEY);
            let verb = if rest.iter().all(is_of_first) { format!("check {}", first.file) } else { "list".to_owned() };
            let text = format!("and {} more; `busker profiles {verb}` lists them", rest.len());
            out.notice(Severity::Error, text);
        }
    }
}

#[cfg(test)]
mod tests;
