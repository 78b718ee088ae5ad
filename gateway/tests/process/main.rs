//! The gateway as a process: killed, starved of disk, raced, drained, and asked by other people's
//! clients.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod races;
#[cfg(test)]
mod start;
