//! The command line as a user meets it: a child process, its exit code, what it prints.

mod demo;
mod harness;
mod serving;
mod stopped;
