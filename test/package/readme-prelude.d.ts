// Names that the papers' code takes for granted, because they are the reader's own.
declare function render(...message: unknown[]): void;
declare function showSignIn(): void;
