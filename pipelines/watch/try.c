/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One try to get pictures of a camera, from the address until it ends: how far it came, and why no further. */

#include "watch/try.h"

#include "run/trouble.h"

#define SOON_US (10 * G_USEC_PER_SEC)
#define LONG_US (14 * G_USEC_PER_SEC)   /* souphttpsrc waits for 15 seconds, and then ends without a word */

L4Try
l4_try_begin (void)
{
  return (L4Try) {.begun = g_get_monotonic_time () };
}

void
l4_try_clear (L4Try *self)
{
  g_free (self->reason);
  g_free (self->warning);
  g_free (self->cause);
  *self = (L4Try) { 0 };
}

void
l4_try_end (L4Try *self, char *reason)
{
  if (self->reason == NULL)
    self->reason = reason;
  else
    g_free (reason);
}

void
l4_try_explain (L4Try *self, char *reason)
{
  if (reason == NULL)
    return;
  g_free (self->reason);
  self->reason = reason;
  self->unclear = FALSE;
  self->vague = 0;
}

/* What is wrong with the model, or with what is asked of it, will be wrong at the next try too. */
static gboolean
is_fatal (GstMessage *message, GstElement *describe)
{
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_SRC (message) != GST_OBJECT (describe))
    return FALSE;
  gst_message_parse_error (message, &error, NULL);
  return error->domain == GST_RESOURCE_ERROR || error->domain == GST_LIBRARY_ERROR;
}

/* What the element that describes warns of is no trouble of the camera's. Of two threads that tell what happened the one that knows the cause
 * may come second. */
static void
take_warning (L4Try *self, GstMessage *message, GstElement *describe)
{
  g_free (self->warning);
  self->warning = l4_trouble_tell (message);
  if (GST_MESSAGE_SRC (message) == GST_OBJECT (describe))
    return;
  g_free (self->cause);
  self->cause = g_strdup (self->warning);
  self->warned = g_get_monotonic_time ();
  if (self->vague != 0 && self->warned - self->vague < SOON_US)
    l4_try_explain (self, g_strdup (self->cause));
}

/* Of an error that only says that the stream stopped a warning just before it is the cause. */
static void
take_error (L4Try *self, GstMessage *message, GstElement *describe)
{
  gboolean fatal = is_fatal (message, describe);

  if (fatal && !self->fatal)    /* what the camera's trouble was matters no more */
    g_clear_pointer (&self->reason, g_free);
  self->fatal |= fatal;
  if (self->warned != 0 && g_get_monotonic_time () - self->warned < SOON_US && l4_trouble_is_vague (message))
    l4_try_end (self, g_strdup (self->cause));
  if (self->reason == NULL) {
    self->unclear = !fatal && GST_MESSAGE_SRC (message) != GST_OBJECT (describe) && l4_trouble_is_unclear (message);
    self->silent = l4_trouble_is_silence (message);
    self->waited = self->silent || l4_trouble_is_timeout (message)
        || (l4_trouble_is_vague (message) && g_get_monotonic_time () - self->begun > LONG_US);
    self->vague = l4_trouble_is_vague (message) ? g_get_monotonic_time () : 0;
  }
  l4_try_end (self, l4_trouble_tell (message));
}

void
l4_try_take (L4Try *self, GstMessage *message, GstElement *describe)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      take_error (self, message, describe);
      break;
    case GST_MESSAGE_WARNING:
      take_warning (self, message, describe);
      break;
    case GST_MESSAGE_EOS:
      self->ended = self->drained = TRUE;
      break;
    default:
      break;
  }
}
