//! Which knob stands where: sections flow down columns, and where they do not all fit, over pages. Pure.

use crate::profile::Profile;

/// Rows a knob may take, the most comfortable first: label and value, its bar below, a row of air.
const KNOB_ROWS: [u16; 3] = [3, 2, 1];

/// Something in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The title of a section; again where it goes on in another column.
    Heading {
        /// Its place in the profile.
        section: usize,
        /// Whether it began in the column before.
        continued: bool,
    },
    /// A parameter's place in the profile.
    Knob(usize),
}

/// One page of knobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// From left to right, each from top to bottom.
    pub columns: Vec<Vec<Item>>,
    /// How many columns share the width: the same on every page.
    pub across: usize,
    /// Rows each knob takes.
    pub knob_rows: u16,
}

impl Plan {
    /// All knobs on one page, as comfortable as they fit and evenly spread; else the page with the focused one.
    pub fn of(profile: &Profile, columns: usize, rows: usize, focus: usize) -> Plan {
        for knob_rows in KNOB_ROWS {
            let fits = |rows: &usize| {
                let pages = flow(profile, columns, *rows, knob_rows);
                pages.len() <= 1 && !pages.iter().flatten().flatten().any(is_continued)
            };
            // The least height that still needs only one page spreads the sections evenly.
            if let Some(rows) = (1..=rows).find(fits) {
                let columns = flow(profile, columns, rows, knob_rows).into_iter().next().unwrap_or_default();
                return Plan { across: columns.len(), columns, knob_rows };
            }
        }
        let mut pages = flow(profile, columns, rows, 1);
        let page = pages.iter().position(|page| page.iter().flatten().any(|item| *item == Item::Knob(focus)));
        let at = page.unwrap_or(0);
        let page = if at < pages.len() { pages.swap_remove(at) } else { Vec::new() };
        Plan { columns: page, across: columns, knob_rows: 1 }
    }

    /// Whether anything of a section is on the page.
    pub fn shows(&self, section: usize) -> bool {
        let heads = |item: &Item| matches!(item, Item::Heading { section: at, .. } if *at == section);
        self.columns.iter().flatten().any(heads)
    }

    /// Rows an item takes.
    pub fn height(&self, item: Item) -> u16 {
        match item {
            Item::Heading { .. } => 1,
            Item::Knob(_) => self.knob_rows,
        }
    }
}

fn is_continued(item: &Item) -> bool {
    matches!(item, Item::Heading { continued: true, .. })
}

type Page = Vec<Vec<Item>>;

/// Lets the sections flow. A section that fits into a column stays whole; a longer one goes on in the next.
fn flow(profile: &Profile, columns: usize, rows: usize, knob_rows: u16) -> Vec<Page> {
    let knob_rows = usize::from(knob_rows);
    let mut pages: Vec<Page> = Vec::new();
    let mut column: Vec<Item> = Vec::new();
    let mut used = 0;
    let mut turn = |column: &mut Vec<Item>, used: &mut usize| {
        if column.is_empty() {
            return;
        }
        match pages.last_mut() {
            Some(page) if page.len() < columns => page.push(std::mem::take(column)),
            _ => pages.push(vec![std::mem::take(column)]),
        }
        *used = 0;
    };
    for section in 0..profile.sections.len() {
        let knobs: Vec<usize> = profile.params_in(section).map(|(at, _)| at).collect();
        if knobs.is_empty() {
            continue;
        }
        if used + 1 + knobs.len() * knob_rows > rows {
            turn(&mut column, &mut used);
        }
        column.push(Item::Heading { section, continued: false });
        used += 1;
        for knob in knobs {
            if used + knob_rows > rows && used > 1 {
                turn(&mut column, &mut used);
                column.push(Item::Heading { section, continued: true });
                used += 1;
            }
            column.push(Item::Knob(knob));
            used += knob_rows;
        }
    }
    turn(&mut column, &mut used);
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{DEFAULT_ID, Library};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn nts1() -> Arc<Profile> {
        Arc::clone(Library::load(None).0.get(DEFAULT_ID).unwrap())
    }

    #[test]
    fn a_large_window_shows_all_knobs_with_air() {
        let profile = nts1();
        let plan = Plan::of(&profile, 5, 44, 0);
        assert_eq!(plan.knob_rows, 3);
        assert!((0..profile.sections.len()).all(|section| plan.shows(section)));
    }

    proptest! {
        #[test]
        fn the_focused_knob_is_always_on_the_page(columns in 1usize..6, rows in 2usize..60, focus in 0usize..37) {
            let profile = nts1();
            let focus = focus.min(profile.params.len() - 1);
            let plan = Plan::of(&profile, columns, rows, focus);
            prop_assert!(plan.columns.len() <= columns);
            prop_assert!(plan.columns.iter().flatten().any(|item| *item == Item::Knob(focus)));
            for column in &plan.columns {
                let height: usize = column.iter().map(|item| usize::from(plan.height(*item))).sum();
                prop_assert!(height <= rows, "{height} of {rows}");
            }
        }
    }
}
