/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text over pictures that can be read on any of them. */

#include "mux/legible.h"

#include <gst/video/video.h>

#include "run/element.h"

#define LINES 18                /* of letters in the picture's height */
#define LETTER 0.56             /* width of a letter in its height, on average and a bit more */
#define WIDTH 0.9               /* of the picture, that a line may take */
#define SMALLEST 8              /* pixels */
#define SHADE 180               /* what is taken off the brightness of 16 to 235 below the text: white becomes dark grey */
#define MARGIN 16               /* of these in the picture's height */

/* Called by the streaming thread. */
static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer columns)
{
  g_autoptr (GstElement) overlay = gst_pad_get_parent_element (pad);
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  g_autofree char *font = NULL;
  GstVideoInfo video;
  GstCaps *caps;
  double size;

  if (overlay == NULL || GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  if (!gst_video_info_from_caps (&video, caps))
    return GST_PAD_PROBE_OK;
  size = MIN ((double) video.height / LINES, WIDTH * video.width / (LETTER * GPOINTER_TO_UINT (columns)));
  font = g_strdup_printf ("Sans %upx", (guint) MAX (size, SMALLEST));
  g_object_set (overlay, "font-desc", font, "ypad", video.height / MARGIN, NULL);
  return GST_PAD_PROBE_OK;
}

GstElement *
l4_legible_new (guint columns, GError **error)
{
  GstElement *overlay = l4_element_new ("textoverlay", error);
  GstPad *pad;

  if (overlay == NULL)
    return NULL;
  g_object_set (overlay, "wait-text", FALSE, "shaded-background", TRUE, "shading-value", SHADE, "auto-resize", FALSE, NULL);
  gst_util_set_object_arg (G_OBJECT (overlay), "valignment", "bottom");
  gst_util_set_object_arg (G_OBJECT (overlay), "scale-mode", "par");
  pad = gst_element_get_static_pad (overlay, "video_sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, GUINT_TO_POINTER (columns), NULL);
  gst_object_unref (pad);
  return overlay;
}
