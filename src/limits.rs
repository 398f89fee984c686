//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these.
