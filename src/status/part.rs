//! A part of the status: shared by reference, with the revision it was made in. Pure.
//!
//! The control thread makes a part anew only when it changed; a copy of a status copies references. A client that has
//! revision 7 needs the parts whose revision is above 7, and no others.

use serde::{Serialize, Serializer};
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// One part. Parts are equal if their values are equal.
#[derive(Debug)]
pub struct StatusPart<T> {
    revision: u64,
    value: Arc<T>,
}

impl<T> StatusPart<T> {
    /// A part of this revision, counted from 1.
    pub fn of(value: T, revision: u64) -> StatusPart<T> {
        StatusPart { revision, value: Arc::new(value) }
    }

    /// The revision it was made in.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether both share the same memory.
    pub fn is(&self, other: &StatusPart<T>) -> bool {
        Arc::ptr_eq(&self.value, &other.value)
    }

    /// Makes the part anew, with this revision, unless `is_true` of its value.
    pub fn renew(&mut self, revision: u64, is_true: impl FnOnce(&T) -> bool, make: impl FnOnce() -> T) {
        if !is_true(&self.value) {
            *self = StatusPart::of(make(), revision);
        }
    }
}

impl<T: PartialEq + Clone> StatusPart<T> {
    /// Sets this value, with this revision, if the value differs.
    pub fn renew_to(&mut self, revision: u64, value: &T) {
        self.renew(revision, |now| now == value, || value.clone());
    }
}

impl<T> Clone for StatusPart<T> {
    fn clone(&self) -> StatusPart<T> {
        StatusPart { revision: self.revision, value: Arc::clone(&self.value) }
    }
}

impl<T> From<T> for StatusPart<T> {
    /// A part of revision 1.
    fn from(value: T) -> StatusPart<T> {
        StatusPart::of(value, 1)
    }
}

impl<T> Deref for StatusPart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Clone> DerefMut for StatusPart<T> {
    /// A copy that is not shared, with the same revision: for laying levels over it and for drawing.
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.value)
    }
}

impl<T: PartialEq> PartialEq for StatusPart<T> {
    fn eq(&self, other: &StatusPart<T>) -> bool {
        self.is(other) || self.value == other.value
    }
}

impl<T: PartialEq> PartialEq<Option<T>> for StatusPart<Option<T>> {
    fn eq(&self, other: &Option<T>) -> bool {
        *self.value == *other
    }
}

impl<'a, T> IntoIterator for &'a StatusPart<Vec<T>> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.value.iter()
    }
}

impl<T: Serialize> Serialize for StatusPart<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_parts_are_shared_and_changed_ones_have_the_new_revision() {
        let mut part = StatusPart::from(vec![1, 2]);
        let before = part.clone();
        part.renew_to(7, &vec![1, 2]);
        assert!(part.is(&before) && part.revision() == 1);
        part.renew_to(7, &vec![3]);
        assert_eq!((&*part, part.revision()), (&vec![3], 7));
        assert_eq!((&*before, before.revision()), (&vec![1, 2], 1), "readers of the old one keep it");
    }
}
