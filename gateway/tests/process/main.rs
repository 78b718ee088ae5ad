//! The gateway as a process: killed, starved of disk, searched for secrets, raced, drained, and asked by other people's
//! clients.

#[cfg(test)]
mod canary;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod races;
#[cfg(test)]
mod read_only;
#[cfg(test)]
mod start;
