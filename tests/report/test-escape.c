/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a text holds, it stays text in HTML, in JSON within a page, and in an address. */

#include <string.h>
#include <yyjson.h>

#include "llama4.h"
#include "page/escape.h"
#include "page/folder.h"
#include "page/template.h"

static const char *const texts[] = {
  "plain", "", "<script>alert(1)</script>", "</script><script>", "\"><img src=x onerror=alert(1)>", "'onclick='", "a & b &amp; c", "<!--", "-->", "]]>",
  "line\342\200\250separator\342\200\251", "right\342\200\256to left", "tab\tand\nlines\r\n", "nul-like \033[2J\177\302\205", "bad \377\xfe utf-8 \303",
  "\\u003c \\", "{{x}} ${y} %1", "caf\303\251 \360\237\230\200", "\357\273\277bom", "{name}", "{_lang}"
};

/* What every way has to leave of a text. */
static char *
shown (const char *text)
{
  return l4_text_to_line (text, -1);
}

/* HTML as a browser reads it between tags: the few entities that there are, undone. (transfer full) */
static char *
read_html (const char *html)
{
  GString *text = g_string_new (html);

  g_string_replace (text, "&lt;", "<", 0);
  g_string_replace (text, "&gt;", ">", 0);
  g_string_replace (text, "&quot;", "\"", 0);
  g_string_replace (text, "&#39;", "'", 0);
  g_string_replace (text, "&amp;", "&", 0);
  return g_string_free (text, FALSE);
}

static void
test_html_keeps_text_text (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) page = g_string_new (NULL);
    g_autofree char *back = NULL, *expected = shown (texts[i]);

    l4_page_add_html (page, texts[i]);
    g_assert_null (strpbrk (page->str, "<>\"'"));
    g_assert_true (g_utf8_validate (page->str, -1, NULL));
    back = read_html (page->str);
    g_assert_cmpstr (back, ==, expected);
  }
}

static void
test_json_keeps_text_text_and_ends_no_script (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) page = g_string_new (NULL);
    g_autofree char *expected = shown (texts[i]);
    yyjson_doc *doc;

    l4_page_add_json (page, texts[i]);
    g_assert_null (strpbrk (page->str, "<>&'"));
    g_assert_null (strstr (page->str, "\342\200\250"));
    doc = yyjson_read (page->str, page->len, YYJSON_READ_NOFLAG);
    g_assert_nonnull (doc);
    g_assert_cmpstr (yyjson_get_str (yyjson_doc_get_root (doc)), ==, expected);
    yyjson_doc_free (doc);
  }
}

/* Every byte there can be in a name comes back, and none has a meaning in an address. */
static void
test_addresses_give_every_byte_back (void)
{
  char name[256];
  g_autoptr (GString) page = g_string_new (NULL);
  g_autofree char *back = NULL;

  for (guint i = 1; i < 256; i++)
    name[i - 1] = i;
  name[255] = '\0';
  l4_page_add_url (page, name);
  g_assert_null (strpbrk (page->str, " \"'<>?#:&\\\n"));
  back = g_uri_unescape_string (page->str, NULL);
  g_assert_cmpstr (back, ==, name);
}

static void
test_templates_escape_by_what_the_part_says (void)
{
  g_autofree char *fact = l4_page_part ("fact", (const L4PageValue[]) {{"what", "<b>"}, {"value", "{what} & {_lang}"}, {NULL}});
  g_autofree char *back = l4_page_part ("back", (const L4PageValue[]) {{"root", "a b/"}, {NULL}});

  g_assert_nonnull (strstr (fact, "<dt>&lt;b&gt;</dt>"));
  g_assert_nonnull (strstr (fact, ">{what} &amp; {_lang}</dd>"));       /* values are not filled in again */
  g_assert_nonnull (strstr (back, "href=\"a%20b/index.html\""));
}

static void
test_a_report_owns_its_files_and_no_others (void)
{
  static const char *const own[] = { "index.html", "style.css", "script.js", ".llama4-report", "film/1.html", "data/0.js", "pictures/12/345.jpg",
    "films/7.mp4"
  };
  static const char *const others[] = { "index.htm", "notes.txt", "film/a.html", "film/1.html~", "film/1.html\n", "pictures/1/a.jpg", "pictures/1.jpg",
    "data/x/0.js", "x/index.html", "film/../1.html", "", "films/7", "INDEX.HTML"
  };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    g_assert_true (l4_page_folder_owns (own[i]));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (l4_page_folder_owns (others[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/escape/html-keeps-text-text", test_html_keeps_text_text);
  g_test_add_func ("/report/escape/json-keeps-text-text-and-ends-no-script", test_json_keeps_text_text_and_ends_no_script);
  g_test_add_func ("/report/escape/addresses-give-every-byte-back", test_addresses_give_every_byte_back);
  g_test_add_func ("/report/escape/templates-escape-by-what-the-part-says", test_templates_escape_by_what_the_part_says);
  g_test_add_func ("/report/escape/a-report-owns-its-files-and-no-others", test_a_report_owns_its_files_and_no_others);
  return g_test_run ();
}
