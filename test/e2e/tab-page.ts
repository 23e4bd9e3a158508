/** A page of a browser, as far as the tabs' tests need one: Playwright's Page is one, and so is one by WebDriver. */
export interface TabPage {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(): Promise<void>;
  /** Runs a function in the page, and answers with what it returns or what its promise brings. */
  evaluate<Result>(run: () => Result | Promise<Result>): Promise<Result>;
  evaluate<Result, Argument>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  /** Resolves once the function returns something true. Times in ms. */
  waitForFunction<Argument>(
    holds: (argument: Argument) => unknown,
    argument?: Argument,
    options?: { polling?: number; timeout?: number },
  ): Promise<unknown>;
}
