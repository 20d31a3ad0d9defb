/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in a conversation, for who answers without a model. */

#include "engine/talk.h"

#include <string.h>

guint
l4_talk_count_words (const char *text)
{
  guint n = 0;

  for (text += strspn (text, " \n"); *text != '\0'; text += strspn (text, " \n")) {
    text += strcspn (text, " \n");
    n++;
  }
  return n;
}

guint
l4_talk_count_pictures (const L4Message *messages, gsize n_messages)
{
  guint n = 0;

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      n += messages[m].parts[p].text == NULL;
  return n;
}

gboolean
l4_talk_has_text (const L4Message *messages, gsize n_messages, const char *text)
{
  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      if (messages[m].parts[p].text != NULL && strstr (messages[m].parts[p].text, text) != NULL)
        return TRUE;
  return FALSE;
}

const char *
l4_talk_last_text (const L4Message *messages, gsize n_messages)
{
  for (gsize m = n_messages; m > 0; m--)
    for (gsize p = messages[m - 1].n_parts; p > 0; p--)
      if (messages[m - 1].parts[p - 1].text != NULL)
        return messages[m - 1].parts[p - 1].text;
  return "";
}

char *
l4_talk_sum_pictures (const L4Message *messages, gsize n_messages)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      for (guint y = 0; messages[m].parts[p].text == NULL && y < messages[m].parts[p].picture.height; y++) {
        const L4Picture *picture = &messages[m].parts[p].picture;

        g_checksum_update (sum, picture->pixels + y * picture->stride, picture->width * 3);
      }
  return g_strndup (g_checksum_get_string (sum), 16);
}
