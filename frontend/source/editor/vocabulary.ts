// The words the server knows: the language's keys and filters, models, and a row of each seed set that is chosen.
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Table = { [name: string]: Json };

export interface Said {
  name: string;
  says: string;
  own?: boolean;
}

interface Words {
  schema: Table;
  filters: Said[];
  models: Said[];
  rows: Record<string, Table>;
}

export class Vocabulary {
  words: Words | null = null;
  private followed = "";

  // Ask once for each choice of seed sets.
  follow(form: HTMLFormElement): void {
    const fields = [...new FormData(form)].filter(([name]) => name.startsWith("seeds")) as [string, string][];
    const query = new URLSearchParams(fields).toString();
    if (this.words && query === this.followed) return;
    this.followed = query;
    void this.fetch(query);
  }

  private async fetch(query: string): Promise<void> {
    try {
      const answer = await fetch(`/templates/words?${query}`, { headers: { "HX-Request": "true" } });
      if (answer.ok && query === this.followed) this.words = (await answer.json()) as Words;
    } catch {
      // Without words nothing is completed; the next look asks again.
      this.followed = "";
    }
  }
}

export function isTable(value: Json | undefined): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
