import { type Flag, flagFallback, flagGroups } from "@sealserve/serving";

const INTRODUCTION = `# Flags of the model server

\`sealserve serve\` takes the command line of \`tensorflow_model_server\`. The last of a repeated flag counts; an argument that is no flag is
named on standard error and has no effect. A flag of ours must not be repeated, and what comes close to one is refused. A sealed node is
configured by YAML (\`--config\`) alone.

This page is made from the table that the server reads its flags by: \`npm run flags-page\`.
`;

/** The page about all flags of the server, in Markdown. */
export function flagsPage(): string {
  const groups = flagGroups.map(({ title, flags }) => {
    const rows = Object.entries<Flag>(flags).map(row).join("\n");
    return `## ${title}\n\n| flag | default | treatment | meaning |\n|---|---|---|---|\n${rows}\n`;
  });
  return [INTRODUCTION, ...groups].join("\n");
}

function row([name, flag]: [string, Flag]): string {
  return `| \`--${name}\` | \`${flagFallback(flag)}\` | ${flag.treatment} | ${flag.meaning.replaceAll("|", "\\|")} |`;
}
