// What configures a file is found from its folder upwards, and no value of an environment variable is told. Each case is data.
import { test } from 'vitest';
import { check, type Wanted } from './check.js';

const cases: Record<string, [fixture: string, wanted: Wanted]> = {
  'the nearest manifest and compiler settings, of their keys those that matter': [
    `--- package.json\n{ "name": "root" }\n--- app/package.json\n{ "private": true, "name": "app", "dependencies": { "zod": "4" } }\n--- app/tsconfig.json\n{ // a comment\n "compilerOptions": { "strict": true, } }\n--- app/src/a.ts\n‸\n--- app/src/eslint.config.js\nexport default [{ rules: {} }];\n`,
    {
      plan: ['app/src/eslint.config.js 0.1 the lint rules for this file', 'app/tsconfig.json 0.1 the compiler settings for this file', 'app/package.json 0.1 the package that holds this file'],
      holds: ['"zod": "4"', '"strict": true'],
      lacks: ['private', 'root', 'a comment'],
    },
  ],
  'Python: tables of the project and its tools': [
    `--- pyproject.toml\n[build-system]\nrequires = ["hatchling"]\n\n[project]\nname = "shop"\ndependencies = ["httpx"]\n\n[tool.ruff]\nline-length = 120\n\n[[tool.uv.index]]\nurl = "https://me:pass@host/simple"\n--- setup.cfg\n[flake8]\nmax-line-length = 99\n[bdist]\nx = 1\n--- shop/a.py\n‸\n`,
    { plan: ['setup.cfg 0.1 the project that holds this file', 'pyproject.toml 0.1 the project that holds this file'], holds: ['"httpx"', 'line-length = 120', 'max-line-length'], lacks: ['hatchling', 'pass@', 'bdist'] },
  ],
  'names of environment variables come first where the cursor asks for one, values never': [
    `--- .env.example\nAPI_URL=https://internal.example\nexport API_KEY="planted-secret"\n--- .env\nREAL_KEY=planted-secret\n--- src/env.ts\nexport const env = check({\n  SESSION_SECRET: string('planted-secret'),\n  PORT: number(),\n});\n--- src/a.ts\nconst url = process.env.‸\n`,
    {
      plan: ['.env.example 1 names of environment variables, process.env mentioned near the cursor', 'src/env.ts 1 names of environment variables, process.env mentioned near the cursor'],
      holds: ['API_URL=\n', 'API_KEY=\n', 'SESSION_SECRET=\n', 'PORT=\n'],
      lacks: ['planted-secret', 'internal.example', 'REAL_KEY'],
    },
  ],
  'names in Python settings': [
    `--- shop/settings.py\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    database_url: str = "planted-secret"\n    debug: bool = False\n--- shop/a.py\nx = ‸\n`,
    { plan: ['shop/settings.py 0.25 names of environment variables'], holds: ['DATABASE_URL=\nDEBUG=\n'], lacks: ['planted-secret'] },
  ],
  'a line that names a credential is left out': [
    `--- package.json\n{ "name": "app", "scripts": { "deploy": "run", "token": "planted-secret", "push": "git push https://me:planted@host" } }\n--- a.ts\n‸\n`,
    { plan: ['package.json 0.1 the package that holds this file'], holds: ['"deploy": "run"'], lacks: ['planted'] },
  ],
  'another language has its module': [`--- go.mod\nmodule example.com/shop\n--- cmd/main.go\npackage main\n‸\n--- package.json\n{ "name": "web" }\n`, { plan: ['go.mod 0.1 the module that holds this file'], holds: ['example.com/shop'] }],
};

for (const [name, [fixture, wanted]] of Object.entries(cases)) test(name, () => check('configs', fixture, wanted));
