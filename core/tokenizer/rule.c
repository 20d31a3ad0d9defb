/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rule by which Llama 4 splits text before it merges. It is the only one that is ever run: a rule out of a file could take
 * for ever. */

#include "tokenizer/tokenizer-private.h"

#define LETTERS "\\p{Lm}\\p{Lo}\\p{M}"
#define LEAD "[^\\r\\n\\p{L}\\p{N}]?"
#define ENDING "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

const char l4_split_rule[] =
    LEAD "[\\p{Lu}\\p{Lt}" LETTERS "]*[\\p{Ll}" LETTERS "]+" ENDING "|"
    LEAD "[\\p{Lu}\\p{Lt}" LETTERS "]+[\\p{Ll}" LETTERS "]*" ENDING "|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const pcre2_code *
l4_split_rule_get (GError **error)
{
  static pcre2_code *compiled;
  static gsize ready = 0;

  if (g_once_init_enter (&ready)) {
    g_autoptr (GString) rule = g_string_new (l4_split_rule);
    PCRE2_SIZE at;
    int code;

    /* \s is the Unicode property White_Space where the rule comes from; PCRE2's own \s has one character more. */
    g_string_replace (rule, "\\s", "\\p{White_Space}", 0);
    g_string_replace (rule, "\\S", "\\P{White_Space}", 0);
    compiled = pcre2_compile ((PCRE2_SPTR) rule->str, rule->len, PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
    if (compiled != NULL)
      pcre2_jit_compile (compiled, PCRE2_JIT_COMPLETE); /* without it matching is slower and equal */
    g_once_init_leave (&ready, 1);
  }
  if (compiled == NULL)
    l4_fail (error, L4_ERROR_UNSUPPORTED, _("this PCRE2 cannot compile the rule by which text is split"));
  return compiled;
}
