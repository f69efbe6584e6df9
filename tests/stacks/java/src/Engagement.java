import java.util.Date;

/** The body of a successful response. */
class Engagement {
    public String object = "engagement";
    public String id;
    public String title;
    public String engagementType;
    public String processingStatus = "PENDING";
    public boolean isPrivate;
    public Date createdAt;
    public Date updatedAt;
    public Date engagementAt;
    public Date startAt;
    public String ownerUserId;
}
