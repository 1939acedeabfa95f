export async function devnet(_options: object): Promise<void> {}
