//! What a key may do to the screen itself: one row per action, with its name and its line of help.
//!
//! To add one: add a row here, a key in `keymap.rs` and its arm in `tui/app/act.rs`; the compiler and the tests name
//! what is missing.

macro_rules! views {
    ($( #[doc = $help:literal] $variant:ident = $name:literal )*) => {
        /// Something the screen does by itself, or a command that needs to know where the screen's focus is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum View { $( #[doc = $help] $variant, )* }

        impl View {
            /// All of them, in the order of the help screen.
            pub const ALL: &'static [View] = &[ $( View::$variant ),* ];

            /// As it is typed after `:`.
            pub fn name(self) -> &'static str {
                match self { $( View::$variant => $name ),* }
            }

            /// One line of help.
            pub fn help(self) -> &'static str {
                match self { $( View::$variant => $help.trim_ascii() ),* }
            }
        }
    };
}

views! {
    /// Play notes with the letters and digits
    Piano = "piano"
    /// Letters are commands again
    Keys = "keys"
    /// Show the keys and the commands
    Help = "help"
    /// Type a command
    Line = "line"
    /// Type a value for the focused knob
    TypeValue = "knob.type"
    /// To the next knob
    NextKnob = "knob.next"
    /// To the knob before
    PreviousKnob = "knob.previous"
    /// To the first knob of the section
    FirstKnob = "knob.first"
    /// To the last knob of the section
    LastKnob = "knob.last"
    /// Find a knob by a part of its name, its label or its section
    Find = "knob.find"
    /// To the next section
    NextSection = "section.next"
    /// To the section before
    PreviousSection = "section.previous"
    /// Turn the focused knob up
    TurnUp = "turn.up"
    /// Turn the focused knob down
    TurnDown = "turn.down"
    /// Turn the focused knob up by 8 steps
    TurnUpFar = "turn.up.far"
    /// Turn the focused knob down by 8 steps
    TurnDownFar = "turn.down.far"
    /// Turn the focused knob back to its default
    ResetKnob = "knob.reset"
    /// Turn the knobs of the focused section by at most a tenth of their way, by chance
    Mutate = "section.mutate"
    /// Turn the knobs of the focused section to any place, by chance
    Dice = "section.dice"
    /// Choose the snapshot the knobs go to
    Recall = "knobs.recall"
    /// Type a name for where the knobs stand
    Save = "knobs.save"
    /// Put an LFO or an envelope on the focused knob
    Modulate = "knob.modulate"
    /// Take every LFO and envelope off the focused knob
    Still = "knob.still"
    /// An octave lower
    OctaveDown = "octave.down"
    /// An octave higher
    OctaveUp = "octave.up"
    /// Strike softer
    VelocityDown = "velocity.down"
    /// Strike harder
    VelocityUp = "velocity.up"
    /// Ports and messages in the place of the knobs, or the knobs again
    Midi = "midi"
    /// Hear, name and remove takes, or the knobs again
    Takes = "takes"
    /// To the take above, a newer one
    PreviousTake = "takes.up"
    /// To the take below, an older one
    NextTake = "takes.down"
    /// Ten takes up
    TakesUp = "takes.page.up"
    /// Ten takes down
    TakesDown = "takes.page.down"
    /// To the newest take
    NewestTake = "takes.newest"
    /// To the oldest take
    OldestTake = "takes.oldest"
    /// Hear this take, or no more
    PlayTake = "takes.play"
    /// Back by 5 seconds in the take that is heard
    SeekBack = "takes.back"
    /// On by 5 seconds in the take that is heard
    SeekOn = "takes.on"
    /// Hear this take from its next mark on
    NextMark = "takes.mark"
    /// Hear this take from the mark before on
    PreviousMark = "takes.mark.back"
    /// Give this take another name
    RenameTake = "takes.rename"
    /// Move this take to the trash, once it is certain
    RemoveTake = "takes.remove"
    /// Do it
    Yes = "sure.yes"
    /// Leave it as it is
    No = "sure.no"
    /// Play and show the instrument at the next port
    NextInstrument = "instrument.next"
    /// Tie the next controller that moves to the focused knob, or nothing after all
    Learn = "knob.learn"
    /// Hear the inputs, or not
    Monitor = "monitor"
    /// Send MIDI clock, or not
    Clock = "clock"
    /// Leave the screen; everything plays and records on, and `busker attach` shows it again
    Detach = "detach"
    /// Draw the whole screen again, after another program wrote over it
    Redraw = "redraw"
    /// Back to where one was
    Close = "close"
    /// Do what is written
    LineDo = "line.do"
    /// Complete the word; again for the next that fits
    Complete = "line.complete"
    /// The completion before
    CompleteBack = "line.complete.back"
    /// To the next knob of those found
    FindNext = "find.next"
    /// To the knob before, of those found
    FindPrevious = "find.previous"
    /// Stay at the knob that was found
    FindKeep = "find.keep"
    /// The line before, of those already done
    LineOlder = "line.older"
    /// The line after
    LineNewer = "line.newer"
    /// Cursor to the left
    CursorLeft = "line.left"
    /// Cursor to the right
    CursorRight = "line.right"
    /// Cursor to the beginning
    CursorHome = "line.home"
    /// Cursor to the end
    CursorEnd = "line.end"
    /// Delete the character to the left
    EraseLeft = "line.erase"
    /// Delete the character at the cursor
    EraseRight = "line.delete"
    /// Delete the word to the left
    EraseWord = "line.erase.word"
    /// Delete everything to the left
    EraseLine = "line.erase.all"
    /// A line up
    ScrollUp = "help.up"
    /// A line down
    ScrollDown = "help.down"
    /// A page up
    ScrollPageUp = "help.page.up"
    /// A page down
    ScrollPageDown = "help.page.down"
    /// To the top
    ScrollTop = "help.top"
    /// To the bottom
    ScrollBottom = "help.bottom"
}
