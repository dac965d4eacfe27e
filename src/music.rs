//! Pure musical values and time.
