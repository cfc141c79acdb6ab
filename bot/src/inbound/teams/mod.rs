
mod keys;
#[cfg(test)]
mod tests;
pub mod token;
