//! The command line as a user meets it: a child process, its exit code, what it prints.

#[cfg(test)]
mod demo;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod stopped;
