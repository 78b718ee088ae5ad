//! What clients are promised: the lists of endpoints, the OpenAPI documents, and the pages that
//! show them.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod scripts;
