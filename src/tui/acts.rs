//! The actions of one part of the screen as a table: one row per action, with its name and its line of help.

/// Makes `enum Act` from a table. The name is used in keymaps and on the `:` line.
macro_rules! acts {
    ($( #[doc = $help:literal] $variant:ident = $name:literal )*) => {
        /// What this part of the screen does, for a key or a name after `:`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act { $( #[doc = $help] $variant, )* }

        impl Act {
            /// All of them, in the order of the help screen.
            pub const ALL: &'static [Act] = &[ $( Act::$variant ),* ];

            /// Its name on the `:` line.
            pub fn name(self) -> &'static str {
                match self { $( Act::$variant => $name ),* }
            }

            /// One line of help.
            pub fn help(self) -> &'static str {
                match self { $( Act::$variant => $help.trim_ascii() ),* }
            }
        }
    };
}

pub(super) use acts;
