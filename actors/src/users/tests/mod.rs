//! Users over a real store: their rows, what is assigned to them, and who must remain.

mod administrator;
mod assignments;
mod rows;
