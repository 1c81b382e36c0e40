//! The real command, as users and scripts rely on it.
